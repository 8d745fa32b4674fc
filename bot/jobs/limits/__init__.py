"""How much at a time and a day: places, quotas, paces, the budget of bytes, the pause of an operator."""
