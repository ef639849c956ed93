"""What a testing programme does as a whole: the same for the command line, Python and, later, the web."""
