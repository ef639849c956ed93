"""Arrays and arithmetic that know nothing of tests: quadrature, optimisation, chance."""
