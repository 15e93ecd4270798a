"""The register of processing and the access log (NEN 7513, Logboek Dataverwerkingen)."""
