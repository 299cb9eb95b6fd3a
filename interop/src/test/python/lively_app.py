"""The tasks of the Python side, in workers whose hearts beat so often that a Java worker soon tells dead ones from living."""

from peer_app import app

app.worker_defaults["update_heartbeat_interval"] = 0.5
