"""Who is let in, through the VPN and on the site."""
