"""Tables, figures and pages from results; opens no store."""
