"""Rights on the file: who read it, access to it, requests about it, emergency access."""
