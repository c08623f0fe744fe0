"""What each published API says of itself: a document in OpenAPI, and a page to read it."""
