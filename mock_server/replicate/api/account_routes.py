"""What belongs to the account, and the list of hardware."""

from aiohttp import web

from mock_server.replicate.account import account_json
from mock_server.replicate.deployments import HARDWARE
from mock_server.replicate.parts import PARTS

routes = web.RouteTableDef()


@routes.get("/v1/account")
async def get_account(_request: web.Request) -> web.Response:
    """The account every token belongs to."""
    return web.json_response(account_json())


@routes.get("/v1/webhooks/default/secret")
async def get_webhook_secret(request: web.Request) -> web.Response:
    """The key that signs webhooks."""
    return web.json_response({"key": request.app[PARTS].config.webhook_secret})


@routes.get("/v1/hardware")
async def list_hardware(_request: web.Request) -> web.Response:
    """A bare array, as recorded."""
    return web.json_response([{"name": name, "sku": sku} for sku, name in HARDWARE.items()])
