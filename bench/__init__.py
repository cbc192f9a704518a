"""Hubbub measured beside other chat servers: same machine, same run, same load, every receipt checked."""
