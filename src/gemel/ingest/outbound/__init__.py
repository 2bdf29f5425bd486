"""Asking other systems for what they know: FHIR servers as a SMART Backend Service, image archives over DICOMweb."""
