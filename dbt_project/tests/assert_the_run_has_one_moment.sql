-- Every cut is made at one as_of; none or two would make rows appear or vanish in silence.
select count(*) as n_moments
from {{ source('ops', 'run_context') }}
having count(*) <> 1
