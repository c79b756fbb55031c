"""The OpenAPI document, made from the declarations of the domains. Nothing of it is kept by hand."""
