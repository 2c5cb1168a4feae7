"""Documents become one world; declarations become who depends on whom."""
