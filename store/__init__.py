"""Where requests wait and entries stay: ports, and two stores that keep their promises."""
