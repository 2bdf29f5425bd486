"""CDS Hooks 2.0 (HL7, cds-hooks.hl7.org/2.0): cards with a forecast or a what-if, in the clinician's own system.

`services` says what there is and what each wants fetched; `asked` reads a call; `present` finds or makes the patient's
twin; `outlook` and `whatif` make `cards`; `trust` says who may call; `feedback` keeps what became of a card.
"""
