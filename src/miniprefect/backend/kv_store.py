"""The key-value store of Prefect's cloud. There is none here, and these functions say so."""

from miniprefect.utilities.refusal import refusal

INSTEAD = "Keep values between runs in a file, for instance with json or shelve."

get_key_value = refusal("get_key_value()", INSTEAD)
set_key_value = refusal("set_key_value()", INSTEAD)
delete_key = refusal("delete_key()", INSTEAD)
list_keys = refusal("list_keys()", INSTEAD)
