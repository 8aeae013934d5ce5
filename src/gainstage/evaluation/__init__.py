"""Systems × songs → tables: how near engineers come to the mixes of others, and what that rests on."""
