"""What happens to a copy when everything goes wrong: `make soak`, an hour at most."""
