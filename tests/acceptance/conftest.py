"""What people meet: samples replayed, processes killed at every step, pages in a real browser."""
