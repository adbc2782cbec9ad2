# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Refuses transitions that a lifecycle node cannot make now, where rclpy would end the process."""

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode


def refuse_wrong_transitions(node: LifecycleNode) -> None:
    """Let a node answer success=False to a transition that its state does not have.

    rclpy 7 lets the error of its C library fall through the service into spin(). Its service is
    reached by an attribute: there is no other hook before the transition.
    """
    service = node._service_change_state
    make_transition = service.callback

    def answer(
        request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        machine = node._state_machine
        allowed = {number: label for number, label, *_ in machine.available_transitions}
        wanted = request.transition
        is_known = wanted.label in allowed.values() if wanted.label else wanted.id in allowed
        if not is_known:
            name = wanted.label or f'transition {wanted.id}'
            node.get_logger().error(
                f'{name} refused: {machine.current_state[1]} has only '
                f'{sorted(set(allowed.values()))}'
            )
            response.success = False
            return response
        return make_transition(request, response)

    service.callback = answer
