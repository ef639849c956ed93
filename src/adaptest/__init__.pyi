from adaptest.administration import load_exam as load_exam
from adaptest.calibration import calibrate as calibrate
from adaptest.constraints.assembly import assemble as assemble
from adaptest.errors import AdaptestError as AdaptestError
from adaptest.models import FAMILIES as FAMILIES
from adaptest.models import GradedItems as GradedItems
from adaptest.models import LogisticItems as LogisticItems
from adaptest.models import NominalItems as NominalItems
from adaptest.models import PartialCreditItems as PartialCreditItems
from adaptest.numerics.quadrature import NormalPrior as NormalPrior
from adaptest.parameters import ItemParameters as ItemParameters
from adaptest.parameters.files import read_parameters as read_parameters
from adaptest.parameters.files import write_parameters as write_parameters
from adaptest.pool import Pool as Pool
from adaptest.programme.pools import read_constraints as read_constraints
from adaptest.programme.pools import read_pool as read_pool
from adaptest.responses import Responses as Responses
from adaptest.responses.files import read_responses as read_responses
from adaptest.scoring import score as score
from adaptest.simulation.exams import simulate as simulate

__version__: str
