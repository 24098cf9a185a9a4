/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshkeys.h - public keys for tests; the fingerprints are those of ssh-keygen -l. The private halves are gone. */
#pragma once

#define BLOB_ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIHKAB533orerJOqXNPP/alLk+lRyAiPILqCOerYFJ7t5"
#define KEY_ED25519 "ssh-ed25519 " BLOB_ED25519
#define PRINT_ED25519 "SHA256:VVVavwudizatPmMbAcDTJqYmDBObp7D7sn3y3yUcAYM"
#define BLOB_RSA2048                                                                               \
	"AAAAB3NzaC1yc2EAAAADAQABAAABAQDW0EXxJBOMycwijGm4/REYiKWAWsV7I0WWJEjD24sBgph0akU6"         \
	"Xey1Y4Kuj5AwDI2t4ffFDBqLqGS5QmUGBuGB/aGv5a8UugL8ofzpWiKLO5WYJM9Wiz1hFQ7z+z3DRB17"         \
	"NohqvWJEwVpZ5JT3OYUIyHUSVzykQ5noYkFasxZVjGWpoYCbcpaulJLS1c7Vv50F9XxXDq6xO6Ojgq7i"         \
	"j5Xm0KOIOz3IylOmy6IEDnsTToz4ZLvU1P+MsIYzVXOP3DPhXW3OB3ykOJl4vyiQqaTQBSaJ94Nbipc9"         \
	"/Fw2aCqEHYiYxX2eq8tzH85nE1X1i8Br5jyXtmD+AWPRqIT12ihn"
#define KEY_RSA2048 "ssh-rsa " BLOB_RSA2048
#define PRINT_RSA2048 "SHA256:dUPpYkXlgpvIJh2UMJZh+kJLHMnjbLkfoAfsfN1bi+0"
#define BLOB_RSA1024                                                                               \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAgQC6TwMtI+L31WF+Qm2uOYqIV6hLtutNKK2i1h1/1R7i0T8jJEJM"         \
	"wTHg+SsK9HeuxN5ggMVW45rpHNWhy0gkZbTcebL24r9srKHwHl/JA3NZyQkT8TI/ayURcvP0MEOeNXPy"         \
	"QsD8/eNaxfojceXrAm9gL1ykaylmsj/UdMGXK2T45Q=="
#define KEY_RSA1024 "ssh-rsa " BLOB_RSA1024
#define PRINT_RSA1024 "SHA256:+Ww+/7NocIfL4S6S+0thbEtS+8HybRNm6KNxLQBBrbM"
#define BLOB_P256                                                                                  \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBOLULryN5MKvJZcfSYB81d98uwJw"         \
	"HO6IiitCqEdRie8ouUnOzqu8QdwS0TvWhFzi9F6avSkLMPlcLM1pvm0tw8E="
#define KEY_P256 "ecdsa-sha2-nistp256 " BLOB_P256
#define PRINT_P256 "SHA256:GRoRYbtqNxbBt2lhODdsb4pHweOqUH4zp8MuXYV9Gr0"
#define BLOB_P384                                                                                  \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBNJU39PHAgMcheAEujs+dWlngMNj"         \
	"b1ozCrUvD/1Vb6LsdFJXDRqOU9XM51Eh9n7j58vWudrXegwtyC6KQJTw9QlL7JYOvdbUWoBhDfgArYTK"         \
	"JmRMg2WUxDS9w0v9+NujYA=="
#define KEY_P384 "ecdsa-sha2-nistp384 " BLOB_P384
#define PRINT_P384 "SHA256:2GcthGuAgYLMyV9/My4crVCJXtgQM3uWlM1j96wP1zQ"
#define BLOB_P521                                                                                  \
	"AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAD/orJ8rZm6QI3esi6c1ACI2JK8"         \
	"VIHDqfxIzyW2k3LVySl2CK+qaJXzo6kn8CIXgrMS8gjvSVfOEy5/yUcgpLz00AFFQ40W8pW0WdUwxPx3"         \
	"EfSiorQrPZkJTaMBr59UFIFh5+GOo22m4L0aor3kaWSlZJ1dToNCkvbGYCjAAPn0SMkvag=="
#define KEY_P521 "ecdsa-sha2-nistp521 " BLOB_P521
#define PRINT_P521 "SHA256:1zDzgByxl1LbD7dpFH/+6oVv6PvuWPHGlPd/a9Aq0nc"
#define BLOB_SK_ED25519                                                                            \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIHKAB533orerJOqXNPP/alLk+lRyAiPILqCO"         \
	"erYFJ7t5AAAABHNzaDo="
#define KEY_SK_ED25519 "sk-ssh-ed25519@openssh.com " BLOB_SK_ED25519
#define PRINT_SK_ED25519 "SHA256:hT5irAoy0WCeG7MaGCCoodLDc5k95kOTYnrMm/fi91I"
#define BLOB_SK_P256                                                                               \
	"AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBOLULryN"         \
	"5MKvJZcfSYB81d98uwJwHO6IiitCqEdRie8ouUnOzqu8QdwS0TvWhFzi9F6avSkLMPlcLM1pvm0tw8EA"         \
	"AAAEc3NoOg=="
#define KEY_SK_P256 "sk-ecdsa-sha2-nistp256@openssh.com " BLOB_SK_P256
#define PRINT_SK_P256 "SHA256:JODcLGWwuEPYqGRNQ4KetkWldwL8QfJec6ut0sjZeFE"
#define KEY_SHORT "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKAB533orerJOqXNPP/alLk+lRyAiPILqCOerYFJ7s="
#define KEY_LONG                                                                                   \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHKAB533orerJOqXNPP/alLk+lRyAiPILqCOerYFJ7t5"         \
	"eA=="
#define KEY_LYING "ssh-ed25519 AAAAB3NzaC1yc2EAAAAgcoAHnfeit6sk6pc08/9qUuT6VHICI8guoI56tgUnu3k="
#define KEY_OTHER_CURVE                                                                            \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAzODQAAABBBOLULryN"         \
	"5MKvJZcfSYB81d98uwJwHO6IiitCqEdRie8ouUnOzqu8QdwS0TvWhFzi9F6avSkLMPlcLM1pvm0tw8E="
#define KEY_COMPRESSED                                                                             \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBAuLULryN"         \
	"5MKvJZcfSYB81d98uwJwHO6IiitCqEdRie8ouUnOzqu8QdwS0TvWhFzi9F6avSkLMPlcLM1pvm0tw8E="
#define KEY_NEGATIVE                                                                               \
	"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAP//////////////////////////////////////////"         \
	"////////////////////////////////////////////////////////////////////////////////"         \
	"////////////////////////////////////////////////////////////////////////////////"         \
	"////////////////////////////////////////////////////////////////////////////////"         \
	"//////////////////////////////////////////////////////////8="
#define KEY_NO_APPLICATION                                                                         \
	"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIHKAB533o"         \
	"rerJOqXNPP/alLk+lRyAiPILqCOerYFJ7t5"
#define KEY_SECOND                                                                                 \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
