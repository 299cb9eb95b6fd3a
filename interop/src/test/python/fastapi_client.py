"""Makes one request to the FastAPI application."""

from fastapi.testclient import TestClient
from fastapi_shop import api

with TestClient(api) as client:
    print(client.post("/orders/7/confirmation").json())
