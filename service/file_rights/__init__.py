"""Rights on the file: the access log, subject access, file requests and emergency access."""
