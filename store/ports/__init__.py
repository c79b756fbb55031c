"""What the stores promise. No I/O, no SDK: `store.tables` and `store.sqlite` keep these promises."""
