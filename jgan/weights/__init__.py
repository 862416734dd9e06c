"""Files of published weights: found, checked, read without executing anything, made into extractors."""
