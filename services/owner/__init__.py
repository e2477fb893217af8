"""The owner's page: phone-sized, server-rendered, reached by a signed link, complete without JavaScript."""
