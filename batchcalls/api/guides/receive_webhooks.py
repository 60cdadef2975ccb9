# Needs standardwebhooks: pip install standardwebhooks
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

# The secret on the endpoint's page, or at /api/v1/webhook-endpoints/ID/secret.
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
processed = set()  # in your database


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            message = webhook.verify(body, dict(self.headers))
        except WebhookVerificationError:
            self.send_response(401)
        else:
            # A message can arrive more than once, with the same ID.
            if self.headers["webhook-id"] not in processed:
                print(message["type"], message["data"].get("status"), flush=True)
                processed.add(self.headers["webhook-id"])
            self.send_response(204)
        self.end_headers()


HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Receiver).serve_forever()
