"""The FHIR R4 facade: what is kept, read, searched and told in the form that hospitals speak."""
