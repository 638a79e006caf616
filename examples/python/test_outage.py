"""Tests of a provisioning function against scimd: python3 -m unittest"""

import time
import unittest

from scimd import Scimd, request

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def provision(base, token, user_name):
    """What is tested: makes a user, and comes again when it is told to."""
    for _ in range(3):
        status, headers, answer = request("POST", base + "/Users", token, {"schemas": [USER], "userName": user_name})
        if status in (429, 503):
            time.sleep(float(headers.get("Retry-After", "0.1")))
            continue
        if status != 201:
            raise ValueError(answer["detail"])
        return answer["id"]
    raise TimeoutError(user_name)


class Outage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scimd = Scimd()
        cls.addClassCleanup(cls.scimd.stop)

    def setUp(self):
        self.tenant = self.scimd.tenant()
        self.addCleanup(self.tenant.delete)
        self.tenant.seed("version: 1\nUsers:\n  - userName: grace@corp.example\n")

    def test_a_refused_request_is_sent_again(self):
        self.tenant.fault(match={"operations": ["create"]}, times=1, act={"status": 503, "retryAfter": 0})
        made = provision(self.tenant.base, self.tenant.token, "ada@corp.example")
        first, second = self.tenant.wait_for(2, operation="create", type="User")
        self.assertEqual((first["status"], second["status"]), (503, 201))
        self.assertEqual(second["resourceType"], "User")
        self.assertEqual(second["id"], made)

    def test_a_user_who_is_there_is_not_made_again(self):
        with self.assertRaises(ValueError):
            provision(self.tenant.base, self.tenant.token, "grace@corp.example")
        refused, = self.tenant.wait_for(1, operation="create", status="4xx")
        self.assertEqual(refused["why"]["rule"], "uniqueness")


if __name__ == "__main__":
    unittest.main()
