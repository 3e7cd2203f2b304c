"""Jobs: work that a worker or a Lambda does, kept until it is done or a person has to see to it."""
