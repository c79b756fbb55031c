"""The store of one domain on Azure Table Storage."""
