"""What is answered about models and twins, in one form for the command line and the service."""
