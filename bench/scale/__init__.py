"""A queue model of many hosts on one log, with service times that were measured on one."""
