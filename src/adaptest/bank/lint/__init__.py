"""Item-writing rules as code: one file per family of rules, one closed table of their codes."""
