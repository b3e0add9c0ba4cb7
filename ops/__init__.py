"""What a person does with the program other than deploy it. Nothing here changes what is deployed."""
