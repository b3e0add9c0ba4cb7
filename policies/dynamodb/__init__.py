"""Policies for DynamoDB tables. They depend on AWS and Pulumi, but not on the program that they check."""
