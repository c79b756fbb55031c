from taskhub.sdk import IS_2

collect_ignore = [] if IS_2 else ["test_sdk2.py"]
