"""Take away: recordings as files of many formats, one by one and several at once."""
