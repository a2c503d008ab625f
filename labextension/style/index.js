import './RoleBadge.css';
import './Diagnostics.css';
