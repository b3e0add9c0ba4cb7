"""Policies for DynamoDB tables. They know AWS and Pulumi, and nothing of the program that they judge."""
