"""SandboxService of the original, without what its package imports beside it.

`agentscope_runtime.engine` imports the framework for agents, which has a hundred packages more. An empty package with the
same folder stands in for that one module; the service and all that it uses are the original's own.
"""

import sys
import types
from pathlib import Path

import agentscope_runtime

_engine = types.ModuleType("agentscope_runtime.engine")
_engine.__path__ = [str(Path(agentscope_runtime.__file__).parent / "engine")]
sys.modules.setdefault("agentscope_runtime.engine", _engine)

from agentscope_runtime.engine.services.sandbox import SandboxService, SandboxServiceFactory  # noqa: E402

__all__ = ["SandboxService", "SandboxServiceFactory"]
