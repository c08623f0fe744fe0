"""The aggregated API: values as subresources of their objects, behind the API server or beside it."""
