"""Many visitors at once: a server process of the page, and clients over loopback that know what it has to answer."""
