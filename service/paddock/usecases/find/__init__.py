"""Find: recordings, by everything that is known of them."""
