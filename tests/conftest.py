"""Every test may use the testbed's fixtures; nothing is started for those that do not."""

pytest_plugins = ["testbed.pytest_plugin"]
