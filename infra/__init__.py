"""Paddock on AWS as CDK constructs: one concept per file, joined in ``stacks.py``; README.md says how to deploy."""
