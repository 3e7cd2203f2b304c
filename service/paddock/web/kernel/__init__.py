"""What every route and page stands on: the edge, problems, bodies, conditional answers, assets."""
