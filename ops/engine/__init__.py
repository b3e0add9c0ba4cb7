"""Stands in for Pulumi's engine: reads projects, runs programs and policy packs. Knows nothing of AWS."""
