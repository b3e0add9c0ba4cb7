"""Stands in for Pulumi's engine: reads projects, runs programs and policy packs. It doesn't depend on AWS."""
