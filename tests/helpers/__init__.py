"""What tests of several rooms need: lakes, servers, processes and their words."""
